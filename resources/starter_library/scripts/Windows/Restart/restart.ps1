# A restart that is announced. Exit code 1641: Windows restarts.
param(
    [int]$Minutes = 5,
    [string]$Notice = 'An administrator restarts this computer. Please save your work.'
)

$ErrorActionPreference = 'Stop'
# At most 512 characters; a quotation mark would end the text.
$text = $Notice.Replace('"', "'")
if ($text.Length -gt 500) { $text = $text.Substring(0, 500) }
# Planned: the operating system is set up anew.
shutdown.exe /r /t (60 * $Minutes) /d p:2:4 /c $text
# 1190: a restart is on its way already.
if ($LASTEXITCODE -ne 0 -and $LASTEXITCODE -ne 1190) { exit 1 }
"Windows restarts in $Minutes minutes."
exit 1641
