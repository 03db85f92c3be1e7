# The time zone; the one from before is kept for undo.
param([Parameter(Mandatory = $true)][string]$Zone)

$ErrorActionPreference = 'Stop'
$known = Get-TimeZone -ListAvailable | Where-Object { $_.Id -eq $Zone }
if (-not $known) {
    [Console]::Error.WriteLine("This Windows knows no time zone '$Zone': tzutil /l lists them.")
    exit 2
}
$before = (Get-TimeZone).Id
if ($before -ne $known.Id) {
    $kept = 'HKLM:\SOFTWARE\DeployFlow\Undo'
    if (-not (Test-Path $kept)) { $null = New-Item -Path $kept -Force }
    Set-ItemProperty -Path $kept -Name TimeZone -Value $before
    Set-TimeZone -Id $known.Id
    # This process remembers the old one.
    [System.TimeZoneInfo]::ClearCachedData()
}
'It is {0:HH:mm} now, in {1}.' -f (Get-Date), $known.DisplayName
