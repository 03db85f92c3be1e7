# The account can be used again.
param([Parameter(Mandatory = $true)][string]$User)

$ErrorActionPreference = 'Stop'
$account = Get-LocalUser | Where-Object { $_.Name -eq $User }
if (-not $account) {
    [Console]::Error.WriteLine("There is no local account $User.")
    exit 2
}
Enable-LocalUser -SID $account.SID
"$User is enabled."
