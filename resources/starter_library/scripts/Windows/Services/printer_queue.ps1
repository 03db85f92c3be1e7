# Deletes all jobs that wait for a printer.
$ErrorActionPreference = 'Stop'

$folder = Join-Path $env:SystemRoot 'System32\spool\PRINTERS'
Stop-Service -Name Spooler -Force
try {
    $jobs = @(Get-ChildItem -LiteralPath $folder -File -Force | Where-Object { '.spl', '.shd', '.tmp' -contains $_.Extension })
    foreach ($job in $jobs) {
        Remove-Item -LiteralPath $job.FullName -Force
    }
    "$($jobs.Count) files of print jobs were deleted."
} finally {
    Start-Service -Name Spooler
}
'The print service runs.'
