# Installs updates without a restart. Exit code 3010 when a restart is due, 1 when an update failed.
param(
    [ValidateSet('all', 'security')][string]$Scope = 'all',
    [bool]$Drivers = $false
)

$ErrorActionPreference = 'Stop'
# Security, critical, definitions: the names are translated, these are not.
$urgent = '0fa1201d-4330-4fa8-8ae9-b877473b6441', 'e6cf1350-c01b-414d-a61f-263d14d133b4', 'e0789628-ce08-4437-be74-2495b842f43b'

$session = New-Object -ComObject Microsoft.Update.Session
$session.ClientApplicationID = 'DeployFlow'
$criteria = 'IsInstalled = 0 and IsHidden = 0'
if (-not $Drivers) { $criteria += " and Type = 'Software'" }
$wanted = New-Object -ComObject Microsoft.Update.UpdateColl
foreach ($update in $session.CreateUpdateSearcher().Search($criteria).Updates) {
    $kinds = @($update.Categories | ForEach-Object { $_.CategoryID })
    if ($Scope -eq 'security' -and -not ($kinds | Where-Object { $urgent -contains $_ })) { continue }
    if ($update.InstallationBehavior.CanRequestUserInput) {
        "left out  $($update.Title): it would ask questions"
        continue
    }
    if (-not $update.EulaAccepted) { $update.AcceptEula() }
    $null = $wanted.Add($update)
}
if ($wanted.Count -eq 0) {
    'No updates wait.'
    exit 0
}

"$($wanted.Count) updates are downloaded."
$downloader = $session.CreateUpdateDownloader()
$downloader.Updates = $wanted
$null = $downloader.Download()
$ready = New-Object -ComObject Microsoft.Update.UpdateColl
$failed = 0
foreach ($update in $wanted) {
    if ($update.IsDownloaded) {
        $null = $ready.Add($update)
    } else {
        $failed += 1
        "FAILED    $($update.Title): it could not be downloaded"
    }
}

$restart = $false
if ($ready.Count -gt 0) {
    $installer = $session.CreateUpdateInstaller()
    $installer.Updates = $ready
    $result = $installer.Install()
    $restart = $result.RebootRequired
    for ($n = 0; $n -lt $ready.Count; $n++) {
        $one = $result.GetUpdateResult($n)
        # 2: succeeded. 3: succeeded with errors.
        if ($one.ResultCode -eq 2 -or $one.ResultCode -eq 3) {
            "installed $($ready.Item($n).Title)"
        } else {
            $failed += 1
            'FAILED    {0}: 0x{1:X8}' -f $ready.Item($n).Title, $one.HResult
        }
    }
}

if ($failed -gt 0) {
    [Console]::Error.WriteLine("$failed updates failed.")
    exit 1
}
if ($restart) {
    'A restart is due.'
    exit 3010
}
exit 0
