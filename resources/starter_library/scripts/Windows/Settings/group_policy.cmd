@echo off
rem gpupdate asks whether to sign out or restart; the answer is no.
if /i "%DF_TARGET%"=="user" goto user
echo n| gpupdate /target:computer /force /wait:600
exit /b %errorlevel%
:user
echo n| gpupdate /target:user /force /wait:600
exit /b %errorlevel%
