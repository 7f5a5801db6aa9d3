#!/bin/sh
# pack.sh OUTPUT: the double as an archive that builds like Mailman's; the same bytes every time.
set -eu
output=$(realpath -m "$1")
cd "$(dirname "$0")"
mkdir -p "$(dirname "$output")"
tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w --exclude=__pycache__ \
    --transform='s,^\.,mailman-2.1.39-double,' . | gzip --no-name --best >"$output.part"
mv "$output.part" "$output"
echo "packed the test double (this is NOT Mailman): $output"
