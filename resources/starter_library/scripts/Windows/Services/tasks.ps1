# Scheduled tasks with their last results.
param(
    [bool]$IncludeMicrosoft = $false,
    [bool]$OnlyFailed = $false
)

$ErrorActionPreference = 'Stop'
# Ready, running, never ran, and ended by hand are no failures.
$fine = 0, 0x41300, 0x41301, 0x41303, 0x41306
$shown = 0
foreach ($task in Get-ScheduledTask | Sort-Object -Property 'TaskPath', 'TaskName') {
    if (-not $IncludeMicrosoft -and $task.TaskPath -like '\Microsoft\*') { continue }
    $info = $task | Get-ScheduledTaskInfo -ErrorAction SilentlyContinue
    if ($OnlyFailed -and (-not $info -or $fine -contains $info.LastTaskResult)) { continue }
    $shown += 1
    '{0}{1}' -f $task.TaskPath, $task.TaskName
    $account = if ($task.Principal.UserId) { $task.Principal.UserId } else { $task.Principal.GroupId }
    '    {0}, as {1}' -f $task.State, $account
    if ($info) {
        '    last {0:yyyy-MM-dd HH:mm} with 0x{1:X}, next {2:yyyy-MM-dd HH:mm}' -f $info.LastRunTime, $info.LastTaskResult, $info.NextRunTime
    }
    foreach ($action in $task.Actions) {
        if ($action.Execute) { "    $($action.Execute) $($action.Arguments)" }
    }
}
"`n$shown tasks"
