# A restart that is announced. Exit code 194: the machine restarts.
set -u

minutes=${DF_MINUTES:-5}
shutdown -r "+${minutes%.*}" "${DF_NOTICE:-An administrator restarts this computer.}" || exit 1
echo "The restart is in ${minutes%.*} minutes."
exit 194
