package local

import "syscall"

// remoteTypes are the magic numbers of file systems that do not tell of
// changes made elsewhere (statfs(2) and the kernel's linux/magic.h).
var remoteTypes = map[uint32]bool{
	0x6969:     true, // NFS
	0x517b:     true, // SMB
	0xff534d42: true, // CIFS
	0xfe534d42: true, // SMB2
	0x65735546: true, // FUSE
	0x01021997: true, // 9p
	0x5346414f: true, // AFS
	0x6b414653: true, // kAFS
	0x00c36400: true, // Ceph
	0x73757245: true, // Coda
	0x564c:     true, // NCP
	0x786f4256: true, // VirtualBox shared folders
	0xbacbacbc: true, // VMware shared folders
	0x0bd00bd0: true, // Lustre
	0x47504653: true, // GPFS
}

// remote tells whether the folder lies on such a file system.
func remote(dir string) bool {
	var st syscall.Statfs_t
	return syscall.Statfs(dir, &st) == nil && remoteTypes[uint32(st.Type)]
}
