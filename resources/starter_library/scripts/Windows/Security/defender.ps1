# Microsoft Defender. Exit code 1 when it does not protect as it should, 2 when it is not there.
param([int]$MaxAgeDays = 3)

$ErrorActionPreference = 'Stop'
try {
    $state = Get-MpComputerStatus
} catch {
    [Console]::Error.WriteLine("Microsoft Defender is not there: $($_.Exception.Message)")
    exit 2
}
"mode        $($state.AMRunningMode)"
"service     $($state.AMServiceEnabled)"
"real time   $($state.RealTimeProtectionEnabled)"
"tampering   protected: $($state.IsTamperProtected)"
'signatures  {0}, {1} days old' -f $state.AntivirusSignatureVersion, $state.AntivirusSignatureAge
# The largest number means never.
foreach ($scan in 'Quick', 'Full') {
    $age = $state."${scan}ScanAge"
    $said = if ($age -ge [uint32]::MaxValue) { 'never' } else { "$age days ago" }
    '{0,-11} {1}' -f "$scan scan", $said
}

$found = @(Get-MpThreatDetection -ErrorAction SilentlyContinue | Sort-Object -Property InitialDetectionTime -Descending | Select-Object -First 10)
if ($found.Count -gt 0) {
    "`n== Found lately"
    foreach ($one in $found) {
        $threat = Get-MpThreat -ThreatID $one.ThreatID -ErrorAction SilentlyContinue
        '{0:yyyy-MM-dd HH:mm}  {1}  {2}' -f $one.InitialDetectionTime, $threat.ThreatName, ($one.Resources -join ', ')
    }
}

# Where another product protects, Defender is passive by intention.
$passive = $state.AMRunningMode -match 'Passive'
if (-not $passive -and -not ($state.AMServiceEnabled -and $state.RealTimeProtectionEnabled)) {
    [Console]::Error.WriteLine('Defender does not protect this machine.')
    exit 1
}
if (-not $passive -and $state.AntivirusSignatureAge -gt $MaxAgeDays) {
    [Console]::Error.WriteLine("The signatures are older than $MaxAgeDays days.")
    exit 1
}
exit 0
