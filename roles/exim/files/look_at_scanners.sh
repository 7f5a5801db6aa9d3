# A look at scanners. Arguments: units, the socket through which Exim asks ClamAV, and USER=GROUP for who must be in which group. A line for each unit: its
# state, and whether it starts at boot; and the line "apart" where ClamAV and Exim cannot reach each other.
for argument; do
    case $argument in
        /*) test -S "$argument" || echo apart ;;
        *=*) case " $(id -nG "${argument%%=*}") " in *" ${argument#*=} "*) ;; *) echo apart ;; esac ;;
        *) echo "$argument=$(systemctl is-active "$argument"),$(systemctl is-enabled "$argument")" ;;
    esac
done
