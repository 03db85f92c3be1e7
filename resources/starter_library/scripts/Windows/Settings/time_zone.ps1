# The time zone; the one from before is kept for undo.
param([Parameter(Mandatory = $true)][string]$Zone)

$ErrorActionPreference = 'Stop'
$known = Get-TimeZone -ListAvailable | Where-Object { $_.Id -eq $Zone }
if (-not $known) {
    [Console]::Error.WriteLine("This Windows knows no time zone '$Zone': tzutil /l lists them.")
    exit 2
}
$kept = 'HKLM:\SOFTWARE\DeployFlow\Undo'
if (-not (Test-Path $kept)) { $null = New-Item -Path $kept -Force }
Set-ItemProperty -Path $kept -Name TimeZone -Value (Get-TimeZone).Id
Set-TimeZone -Id $known.Id
'It is {0:HH:mm} now, in {1}.' -f (Get-Date), $known.DisplayName
