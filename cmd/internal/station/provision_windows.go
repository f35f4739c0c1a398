package station

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// The rights of the machine's folders, in the security descriptor definition language. Both are cut off from what lies above them, for
// in ProgramData everybody may make files. The system (SY) and administrators (BA) may do everything; people of the counter may read
// the folder, and in the data folder also make, change and delete. Deleting an entry's file is detected and not prevented.
const (
	folderRights = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;%s)"
	dataRights   = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;%s)"
)

// counterPeople finds whom rights are given to: a group, or whoever is logged on at this computer (INTERACTIVE).
func counterPeople(group string) (string, error) {
	if group == "" {
		return "IU", nil
	}
	sid, _, _, err := windows.LookupSID("", group)
	if err != nil {
		return "", fmt.Errorf("there is no group %s: %w", group, err)
	}
	return sid.String(), nil
}

func setRights(path, form, people string) error {
	descriptor, err := windows.SecurityDescriptorFromString(fmt.Sprintf(form, people))
	if err != nil {
		return err
	}
	list, _, err := descriptor.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}

// prepareFolders makes the machine's folders, and sets their rights.
func prepareFolders(group string) error {
	people, err := counterPeople(group)
	if err != nil {
		return err
	}
	for _, each := range []struct{ path, rights string }{{MachineFolder(), folderRights}, {installedFolder(), dataRights}} {
		if err := os.MkdirAll(each.path, 0o770); err != nil {
			return err
		}
		if err := setRights(each.path, each.rights, people); err != nil {
			return fmt.Errorf("the rights of %s cannot be set: %w", each.path, err)
		}
	}
	return nil
}

// shareJoinFile leaves the join code with the rights of its folder.
func shareJoinFile(string) error { return nil }
