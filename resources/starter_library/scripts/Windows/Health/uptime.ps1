# Uptime and the last starts. Exit code 1 when Windows is up for too long.
param([int]$MaxDays = 0)

$ErrorActionPreference = 'Stop'
$system = Get-CimInstance Win32_OperatingSystem
$up = (Get-Date) - $system.LastBootUpTime
'Started {0:yyyy-MM-dd HH:mm}, up for {1} days {2} h {3} min' -f $system.LastBootUpTime, $up.Days, $up.Hours, $up.Minutes

# 6005, 6006: the log began and ended. 6008: the end before was not planned. 1074: who asked for it.
$filter = @{ LogName = 'System'; Id = 1074, 6005, 6006, 6008 }
$events = @(Get-WinEvent -FilterHashtable $filter -MaxEvents 20 -ErrorAction SilentlyContinue)
if ($events.Count -gt 0) {
    "`n== Last starts and shut-downs"
    foreach ($entry in $events) {
        $text = if ($entry.Message) { ($entry.Message -split "`r?`n")[0] } else { '(no text)' }
        '{0:yyyy-MM-dd HH:mm}  {1}  {2}' -f $entry.TimeCreated, $entry.Id, $text
    }
}

if ($MaxDays -gt 0 -and $up.TotalDays -gt $MaxDays) {
    [Console]::Error.WriteLine("Up for more than $MaxDays days.")
    exit 1
}
exit 0
