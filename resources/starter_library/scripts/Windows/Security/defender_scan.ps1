# A quick scan. Exit code 1 when it found something.
$ErrorActionPreference = 'Stop'

$began = Get-Date
Start-MpScan -ScanType QuickScan
'Scanned for {0:N0} minutes.' -f ((Get-Date) - $began).TotalMinutes
$found = @(Get-MpThreatDetection -ErrorAction SilentlyContinue | Where-Object { $_.InitialDetectionTime -ge $began })
foreach ($one in $found) {
    $threat = Get-MpThreat -ThreatID $one.ThreatID -ErrorAction SilentlyContinue
    '{0}: {1}' -f $threat.ThreatName, ($one.Resources -join ', ')
}
if ($found.Count -gt 0) {
    [Console]::Error.WriteLine("$($found.Count) found.")
    exit 1
}
'Nothing was found.'
exit 0
