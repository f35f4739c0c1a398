package station

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// encryptionUnknown is what doctor says where it cannot tell.
const encryptionUnknown = "unseen"

// diskEncrypted says whether the disk below a folder is encrypted by the system (dm-crypt), as the kernel names its devices in
// /sys/dev/block; known is false where the folder is on no such device.
func diskEncrypted(folder string) (encrypted, known bool) {
	var stat unix.Stat_t
	if err := unix.Stat(folder, &stat); err != nil || unix.Major(stat.Dev) == 0 { // 0 is tmpfs, overlay, network: no disk of this machine's
		return false, false
	}
	device := fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(stat.Dev), unix.Minor(stat.Dev))
	if _, err := os.Stat(device); err != nil {
		return false, false
	}
	return crypted(device, 0), true
}

// crypted looks at a device and at those it is made of: a volume group may lie on an encrypted partition.
func crypted(device string, depth int) bool {
	const deepest = 8
	if uuid, err := os.ReadFile(filepath.Join(device, "dm", "uuid")); err == nil && strings.HasPrefix(string(uuid), "CRYPT-") {
		return true
	}
	below, err := os.ReadDir(filepath.Join(device, "slaves"))
	if err != nil || depth == deepest || len(below) == 0 {
		return false
	}
	for _, slave := range below {
		if !crypted(filepath.Join(device, "slaves", slave.Name()), depth+1) {
			return false
		}
	}
	return true
}
