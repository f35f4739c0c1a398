INSERT INTO `Property` (`Property`, `Value`) VALUES ('MsiHiddenProperties', 'JOIN')
UPDATE `Property` SET `Value` = 'JOIN;CLOUD;GROUP;AUTOSTART;NOLAUNCH;REMOVEDATA;WIX_UPGRADE_DETECTED;WIX_DOWNGRADE_DETECTED' WHERE `Property` = 'SecureCustomProperties'
UPDATE `Component` SET `Condition` = 'AUTOSTART="1" OR (NOT AUTOSTART AND WASAUTOSTART="1")' WHERE `Component` = 'Autostart'
UPDATE `CustomAction` SET `Type` = 11346 WHERE `Action` = 'Provision'
UPDATE `File` SET `Version` = '@VERSION@.0', `Language` = '1033' WHERE `File` = 'fd_countersign_exe'
UPDATE `File` SET `Version` = '@VERSION@.0', `Language` = '1033' WHERE `File` = 'fd_countersignctl_exe'
UPDATE `InstallExecuteSequence` SET `Sequence` = 1801 WHERE `Action` = 'RemoveData'
UPDATE `InstallExecuteSequence` SET `Sequence` = 1501 WHERE `Action` = 'RemoveExistingProducts'
