# 0 when there is such an account.
param([Parameter(Mandatory = $true)][string]$User)

$ErrorActionPreference = 'Stop'
if (-not (Get-LocalUser | Where-Object { $_.Name -eq $User })) { exit 1 }
"There is an account $User already."
exit 0
