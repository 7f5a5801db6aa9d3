# One look at all that role exim wants to know of a host. Asking Exim for its version is cheaper than asking the package manager, and also finds a
# daemon that lacks content scanning. Arguments: Exim's binary, its service, and its ports as a filter for ss.
"$1" -C /dev/null -bV
echo "service=$(systemctl is-active "$2"),$(systemctl is-enabled "$2")"
echo "sendmail=$(readlink /etc/alternatives/mta)"
# What else listens on Exim's ports: address, process, unit.
ss -Hltnp "$3" | while read -r _ _ _ address _ process; do
    case $process in *'(("exim'*) continue ;; esac
    pid=${process#*pid=}
    name=${process#*'(("'}
    name=${name%%'"'*}
    unit=$(ps -o unit= -p "${pid%%,*}")
    echo "other=$address ${name:-something} ${unit:--}"
done
