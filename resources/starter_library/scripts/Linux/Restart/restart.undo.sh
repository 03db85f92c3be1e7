# Calls the restart off.
set -u

shutdown -c || exit 1
echo "The restart is called off."
