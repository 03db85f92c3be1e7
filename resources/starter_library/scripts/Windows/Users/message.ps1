# A message box on every desktop.
param(
    [Parameter(Mandatory = $true)][string]$Text,
    [string]$Title = 'Message from your administrator',
    [int]$Minutes = 0
)

$ErrorActionPreference = 'Stop'
# msg.exe is missing on the Home editions, and loses letters.
$sessions = Add-Type -PassThru -Namespace DeployFlow -Name Sessions -MemberDefinition @'
[DllImport("wtsapi32.dll", EntryPoint = "WTSSendMessageW", CharSet = CharSet.Unicode, SetLastError = true)]
public static extern bool Send(IntPtr server, int session, string title, int titleBytes,
    string text, int textBytes, int style, int seconds, out int response, bool wait);
'@
$reached = 0
foreach ($session in @(Get-Process -Name explorer -ErrorAction SilentlyContinue | Select-Object -ExpandProperty SessionId -Unique)) {
    $response = 0
    # 0x40: the sign for information. Lengths are in bytes.
    if ($sessions::Send([IntPtr]::Zero, $session, $Title, 2 * $Title.Length, $Text, 2 * $Text.Length, 0x40, 60 * $Minutes, [ref]$response, $false)) {
        $reached += 1
    } else {
        [Console]::Error.WriteLine("Session $session could not be reached: error $([Runtime.InteropServices.Marshal]::GetLastWin32Error())")
    }
}
"$reached desktops show the message."
