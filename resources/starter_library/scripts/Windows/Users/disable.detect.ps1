# 0 when the account is disabled already.
param([Parameter(Mandatory = $true)][string]$User)

$ErrorActionPreference = 'Stop'
$account = Get-LocalUser | Where-Object { $_.Name -eq $User }
if (-not $account -or $account.Enabled) { exit 1 }
"$User is disabled already."
exit 0
