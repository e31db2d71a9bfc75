# What the guest is for: one command, its output between two marks, and the end.
. /environment
cd "$DIRECTORY" || exit
echo "$MARKER begin"
/bin/sh /command </dev/null 2>&1
echo "$MARKER exit $?"
reboot -f
