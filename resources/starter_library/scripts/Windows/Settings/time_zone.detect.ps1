# 0 when the time zone is the one that is asked for.
param([Parameter(Mandatory = $true)][string]$Zone)

$ErrorActionPreference = 'Stop'
if ((Get-TimeZone).Id -ne $Zone) { exit 1 }
"The time zone is $Zone already."
exit 0
