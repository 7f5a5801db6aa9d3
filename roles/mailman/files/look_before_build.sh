# A look at what building Mailman needs of a host, before anything is changed. Arguments: the directory to build in, the wrapper's group, the mirror that is to
# have Python 2.7, the Python that is to have dnspython, and what pip requires for that; an empty one is not looked at. A line for each thing that is wrong: the
# variable, and what it is. More arguments: the manager of packages, the packages that are to be installed, separated by blanks, and files, each with what is to be
# in it. If all of that is there, and dnspython, there is a line that says so.
where=${1:-${TMPDIR:-/tmp}}
group=$2
mirror=$3
python=$4
requirement=$5
manager=$6
packages=$7
shift 7
if [ "$group" ] && ! getent group "$group" > /dev/null; then
    echo "mailman_mail_group is '$group', and the host has no such group. Correct it, make the group first, or take the variable out."
fi

# Root runs what is built there. In a directory with the sticky bit others can change only what is theirs.
above=$(realpath "$where" 2> /dev/null)
while [ "$above" ]; do
    if [ "$(find "$above" -prune \( ! -user 0 ! -user "$(id -u)" -o ! -perm -1000 \( -perm -0002 -o -perm -0020 ! -group 0 \) \) 2> /dev/null)" ]; then
        echo "mailman_build_directory: others than root can write to $above, and root runs what is built in $where. Take that away from them, or name another" \
            "directory."
        exit
    fi
    above=${above%/*}
done

# Unpacked and built it is 60 MB.
free=$(df -Pk "$where" 2> /dev/null | awk 'NR == 2 { print int($4 / 1024) }')
if [ "${free:-100}" -lt 100 ]; then
    echo "mailman_build_directory: $where has $free MB free, and Mailman needs 100 to be built. Make room, or name another directory."
    exit
fi
if ! place=$(mktemp -d "$where/mailman-look.XXXXXX" 2>&1); then
    echo "mailman_build_directory: $where cannot be used (${place#mktemp: }). Make it first, or name another directory."
    exit
fi
trap 'rm -rf "$place"' EXIT
printf '#!/bin/sh\n' > "$place/program"
chmod 0700 "$place/program"
if ! "$place/program" 2> /dev/null; then
    echo "mailman_build_directory: no program can be run in $where (mounted noexec?), and Mailman is built of some. Name another directory."
fi

# Whether what the packages bring is there already. The mirror is in one of the files.
prepared=yes
installed() {
    if [ "$manager" = apt ]; then
        ! dpkg-query --show --showformat '${db:Status-Abbrev}\n' "$@" 2>&1 | grep -qv '^ii'
    else
        rpm --query --quiet "$@"
    fi
}
# shellcheck disable=SC2086 # they are separated by blanks
installed $packages || prepared=
while [ $# -gt 1 ]; do
    if [ "$(cat "$1" 2> /dev/null)" != "$(printf '%s' "$2")" ]; then prepared=; fi
    shift 2
done

if [ "$mirror" ] && [ -z "$prepared" ]; then
    url=${mirror%/}/dists/bullseye/InRelease
    # With the host's own settings of apt, such as a proxy. A connection that breaks is tried again, as it will be when packages are fetched.
    if ! said=$(timeout 30 /usr/lib/apt/apt-helper -o Acquire::Retries=2 -o Acquire::http::Timeout=10 -o Acquire::https::Timeout=10 \
        download-file "$url" "$place/InRelease" 2>&1); then
        said=$(echo "$said" | sed -n 's/^E: Failed to fetch [^ ]* *//p')
        echo "mailman_python_repository is $mirror, where the host finds no Debian 11 ($url: ${said:-no answer within 30 s}). Correct it."
    fi
fi

# Where there is no pip yet there is no telling what it will reach.
if [ "$python" ] && ! "$python" -c 'import dns.resolver' 2> /dev/null; then
    prepared=
    if [ "$requirement" ] && command -v pip3 > /dev/null && ! said=$(echo "$requirement" | timeout 60 pip3 download --quiet --disable-pip-version-check --no-deps --no-cache-dir --retries 0 --timeout 10 \
        --dest "$place" --require-hashes --requirement /dev/stdin 2>&1); then
        case $said in *"DO NOT MATCH THE HASHES"*) said="what it finds under that name is another file, by its checksum" ;; esac
        echo "mailman_dnspython_wheel is empty, and the host's pip finds no dnspython 1.16.0 ($(echo "$said" | tail -n 1)). Name a file on the" \
            "controller, or give pip an index that it can reach."
    fi
fi
if [ "$prepared" ]; then echo prepared=yes; fi
