INSERT INTO `Property` (`Property`, `Value`) VALUES ('MsiHiddenProperties', 'JOIN')
UPDATE `Component` SET `Condition` = 'AUTOSTART="1" OR (NOT AUTOSTART AND WASAUTOSTART="1")' WHERE `Component` = 'Autostart'
UPDATE `CustomAction` SET `Type` = 11346 WHERE `Action` = 'Provision'
