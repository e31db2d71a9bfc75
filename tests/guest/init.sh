#!/bin/busybox sh
# The first process of the guest: a machine with all of cgroup v2, then one command, then the end.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 pts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=1777 tmp /tmp_
mount -t tmpfs run /run
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
for module in /modules/*; do insmod "$module" || echo "insmod $module failed"; done
if [ -b /dev/zram0 ]; then
    echo 256M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0
fi
. /environment
cd "$DIRECTORY" || exit
echo "$MARKER begin"
/bin/sh /command </dev/null 2>&1
echo "$MARKER exit $?"
reboot -f
