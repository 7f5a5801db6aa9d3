# One look at all that role exim wants to know of a host. Asking Exim for its version is cheaper than asking the package manager, and also finds a
# daemon that lacks content scanning. Arguments: Exim's binary, its service, its ports as a filter for ss, the role's configuration and its aliases, and Exim's
# package, of which only Debian's says more than Exim. (rpm would leave files of its own: a look changes nothing.) Then the self-signed certificate that the
# role makes where there is no other, its key, and the name that it is for; and the file and the name of the setting that says how often Exim runs its queue.
"$1" -C /dev/null -bV
echo "package=$(dpkg-query -W -f '${Version}' "$6" 2> /dev/null)"
echo "service=$(systemctl is-active "$2"),$(systemctl is-enabled "$2")"
echo "sendmail=$(readlink /etc/alternatives/mta)"
echo "queue=$(grep -s "^${11}=" "${10}" | tail -n 1)"
# What else listens on Exim's ports: address, process, unit.
ss -Hltnp "$3" | while read -r _ _ _ address _ process; do
    case $process in *'(("exim'*) continue ;; esac
    pid=${process#*pid=}
    name=${process#*'(("'}
    name=${name%%'"'*}
    unit=$(ps -o unit= -p "${pid%%,*}")
    echo "other=$address ${name:-something} ${unit:--}"
done

# What is there of the self-signed certificate, and whether it can stay. Who else than root could put another file in its place; nothing is opened then.
certificate=$7 key=$8
for file in "$certificate" "$key"; do
    if [ -e "$file" ] || [ -L "$file" ]; then echo "self_signed.file=$file"; fi
done
if [ "$certificate" ]; then
    others=$(for file in "$certificate" "$key"; do
        namei -mo -- "$file" 2> /dev/null | tail -n +2 | grep -v 'No such file' | grep -Ev '^ *(l[^ ]*|[^l]....-..-.) root ' |
            sed -E "s|^ *([^ ]+ +){3}|self_signed.others=$file |; s/ -> .*//"
    done)
    if [ "$others" ]; then
        echo "$others"
    elif [ -f "$certificate" ] && [ -f "$key" ] && command -v openssl > /dev/null; then
        echo "self_signed.key=$(stat --dereference -c '%G %a' -- "$key")"
        public=$(openssl pkey -in "$key" -pubout -passin pass: 2> /dev/null)
        if [ "$public" ] && [ "$public" = "$(openssl x509 -in "$certificate" -noout -pubkey 2> /dev/null)" ]; then
            echo self_signed.pair=same
            echo "self_signed.now=$(date +%s)"
            end=$(openssl x509 -in "$certificate" -noout -enddate)
            echo "self_signed.expires=$(date -d "${end#*=}" +%s)"
            if openssl x509 -in "$certificate" -noout -checkhost "$9" | grep -q 'does match'; then echo self_signed.name=same; fi
        fi
    fi
fi

# The configuration and the aliases that there are, to compare on the controller. What would lie in a file is never shown.
if [ -f "$4" ] && [ -f "$5" ]; then
    stat --dereference --format='file=%a %U %G %n' -- "$4" "$5"
    sha256sum -- "$4" "$5" | sed 's/^/sum=/'
fi

# What somebody else has configured: what the role's files would replace, and what would have no effect beside them. Nothing once they are the role's.
ours() { grep -qs 'Role exim writes this file' "$1"; }
packaged() { rpm -qf "$1" > /dev/null 2>&1 && ! rpm -Vf "$1" 2> /dev/null | grep -q "^..5.* $1\$"; }
etc=${4%/*}
if ours "$4" || ! [ -d "$etc" ]; then exit; fi
for file in "$4" "$5"; do
    if [ -e "$file" ] && ! ours "$file" && ! packaged "$file"; then echo "replaced=$file"; fi
done
# Where there is no exim4.conf Debian makes one of these files. Those of its package count when they are not as it has them.
if ! [ -e "$4" ] && { [ -e "$etc/update-exim4.conf.conf" ] || [ -d "$etc/conf.d" ]; }; then
    conffiles=$(dpkg-query -W -f '${Conffiles}\n' exim4-config | sed -n 's/^ \(\/[^ ]*\) \([0-9a-f]\{32\}\)$/\2  \1/p')
    {
        echo "$conffiles" | LC_ALL=C md5sum --check --quiet | sed 's/: [^:]*$//'
        find "$etc" -path "$etc/dkim" -prune -o -type f ! -name '*[~]' ! -name '*.dpkg-*' ! -name '*.replaced*' \
            ! -path "$etc/update-exim4.conf.conf" ! -path "$5" -print | grep -vxF "$(echo "$conffiles" | sed 's/^[^ ]*  //')"
        # The settings that differ from those with which the package is installed.
        sed -n 's/^dc_/&/p' "$etc/update-exim4.conf.conf" | tr -d "\"'" | grep -vxE \
            -e 'dc_eximconfig_configtype=(local|none)' \
            -e 'dc_other_hostnames=[^:;]*' \
            -e 'dc_local_interfaces=127[.]0[.]0[.]1( ; ::1)?' \
            -e 'dc_(readhost|relay_domains|relay_nets|smarthost|hide_mailname)=' \
            -e 'dc_(minimaldns|use_split_config|mailname_in_oh)=(true|false)' \
            -e 'dc_localdelivery=mail_spool' | sed "s|^|$etc/update-exim4.conf.conf: |"
    } 2> /dev/null | sort | sed 's/^/existing=/'
fi
# Both distributions' configurations let people forward their mail.
cut -d: -f6 /etc/passwd | sort -u | while read -r home; do
    if [ -e "$home/.forward" ]; then echo "existing=$home/.forward"; fi
done
