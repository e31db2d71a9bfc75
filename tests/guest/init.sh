#!/bin/busybox sh
# The first process of the guest: makes a machine with all of cgroup v2, and hands on.
if [ "$1" != moved ]; then
    # The kernel's own root file system can't be pivoted away from; a mount of it can.
    /bin/busybox mkdir /moved
    /bin/busybox mount -o bind / /moved
    cd /moved || exit
    /bin/busybox mount -o move . /
    exec /bin/busybox chroot . /init moved
fi
/bin/busybox --install -s /bin
rmdir /moved
chmod 1777 /tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 pts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs run /run
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
for module in /modules/*; do insmod "$module" || echo "insmod $module failed"; done
echo 256M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0
if [ -f /policy ]; then
    mount -t selinuxfs selinux /sys/fs/selinux
    # The kernel takes a policy as a whole.
    dd if=/policy of=/sys/fs/selinux/load bs=1M 2>/dev/null && echo 1 >/sys/fs/selinux/enforce
fi
if [ -x /lib/systemd/systemd ]; then
    exec /lib/systemd/systemd --unit=guest.target --show-status=no --log-level=crit
fi
exec /bin/sh /main.sh
