# One local account.
param(
    [Parameter(Mandatory = $true)][string]$User,
    [Parameter(Mandatory = $true)][string]$Password,
    [string]$FullName = '',
    [bool]$Administrator = $false,
    [bool]$MustChange = $true
)

$ErrorActionPreference = 'Stop'
if ($User.Length -gt 20 -or $User -match '["/\\\[\]:;|=,+*?<>@]' -or $User -notmatch '[^. ]') {
    [Console]::Error.WriteLine("This cannot be the name of an account: $User (at most 20 characters)")
    exit 2
}
if (Get-LocalUser | Where-Object { $_.Name -eq $User }) {
    [Console]::Error.WriteLine("There is an account $User already.")
    exit 1
}
$secure = New-Object System.Security.SecureString
foreach ($letter in $Password.ToCharArray()) { $secure.AppendChar($letter) }
$account = @{ Name = $User; Password = $secure }
if ($FullName) { $account.FullName = $FullName }
$null = New-LocalUser @account
$kept = 'HKLM:\SOFTWARE\DeployFlow\Undo\Users'
if (-not (Test-Path $kept)) { $null = New-Item -Path $kept -Force }
Set-ItemProperty -Path $kept -Name $User -Value (Get-LocalUser -Name $User).SID.Value
# Users and administrators: the names of the groups are translated, their numbers are not.
Add-LocalGroupMember -SID 'S-1-5-32-545' -Member $User
if ($Administrator) { Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $User }
if ($MustChange) {
    $entry = [ADSI]"WinNT://./$User,user"
    $entry.PasswordExpired = 1
    $entry.SetInfo()
}
"$User was made."
