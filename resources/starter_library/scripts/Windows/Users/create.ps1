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
$null = New-LocalUser -Name $User -Password $secure -FullName $FullName
$kept = 'HKLM:\SOFTWARE\DeployFlow\Undo\Users'
if (-not (Test-Path $kept)) { $null = New-Item -Path $kept -Force }
Set-ItemProperty -Path $kept -Name $User -Value (Get-LocalUser -Name $User).SID.Value
# Users and administrators: the names of the groups are translated, their numbers are not.
Add-LocalGroupMember -SID 'S-1-5-32-545' -Member $User
if ($Administrator) { Add-LocalGroupMember -SID 'S-1-5-32-544' -Member $User }
if ($MustChange) {
    $account = [ADSI]"WinNT://./$User,user"
    $account.PasswordExpired = 1
    $account.SetInfo()
}
"$User was made."
