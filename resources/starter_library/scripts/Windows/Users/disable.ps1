# Nobody signs in with this account any more.
param([Parameter(Mandatory = $true)][string]$User)

$ErrorActionPreference = 'Stop'
$account = Get-LocalUser | Where-Object { $_.Name -eq $User }
if (-not $account) {
    [Console]::Error.WriteLine("There is no local account $User.")
    exit 2
}
Disable-LocalUser -SID $account.SID
"$User is disabled."
