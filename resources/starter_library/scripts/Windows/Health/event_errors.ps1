# Errors in the logs, by their source.
param([int]$Hours = 24)

$ErrorActionPreference = 'Stop'
$filter = @{ LogName = 'System', 'Application'; Level = 1, 2; StartTime = (Get-Date).AddHours(-$Hours) }
$events = @(Get-WinEvent -FilterHashtable $filter -ErrorAction SilentlyContinue)
if ($events.Count -eq 0) {
    "No errors in the last $Hours hours."
    exit 0
}

foreach ($group in $events | Group-Object -Property 'ProviderName', 'Id' | Sort-Object Count -Descending | Select-Object -First 20) {
    $latest = $group.Group[0]
    $text = if ($latest.Message) { ($latest.Message -split "`r?`n")[0] } else { '(no text)' }
    '{0,5} x {1} {2}, latest {3:HH:mm}' -f $group.Count, $latest.ProviderName, $latest.Id, $latest.TimeCreated
    "        $text"
}
"`n$($events.Count) errors in the last $Hours hours"
