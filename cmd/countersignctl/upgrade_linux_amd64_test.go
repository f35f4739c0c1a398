package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestKilledInTheMiddleOfAnUpgrade(t *testing.T) {
	// Somebody switches the PC off while the new version opens the old one's journal for the first time: the shop would have neither. The
	// program is killed before each thing that it does to a file in turn, and started again.
	step := 9
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		step = 1
	}
	for form := 1; form < keptForms; form++ {
		kills := 0
		for n := 1; ; n += step {
			k := unpack(t, fmt.Sprintf("form-%d", form))
			killed := killedBefore(t, k.command("status", "--json"), k.data, n)
			k.t = t
			k.wantKept(fmt.Sprintf("form %d, killed before write %d", form, n))
			if !killed {
				break
			}
			kills++
		}
		if kills < 20/step+1 {
			t.Errorf("form %d: the upgrade was killed %d times only: it does not write what it should", form, kills)
		}
		t.Logf("form %d: killed at %d places", form, kills)
	}
}

// Of ptrace(2) and wait(2).
const (
	traceExitKill   = 0x100000
	traceSysGood    = 0x1
	waitAll         = 0x40000000
	waitNoThread    = 0x20000000 // children of this thread alone: others of the test are waited for elsewhere
	syscallStop     = syscall.SIGTRAP | 0x80
	noSyscallResult = -int64(syscall.ENOSYS) // what stands in rax as a system call begins
)

// killedBefore runs a program and kills it, with SIGKILL, just before it does its n-th thing to a file in a folder. It answers false where
// the program ended before that.
func killedBefore(t *testing.T, cmd *exec.Cmd, folder string, n int) bool {
	t.Helper()
	runtime.LockOSThread() // a traced process knows one thread as its tracer
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	leader := cmd.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(leader, &status, waitAll, nil); err != nil || !status.Stopped() {
		t.Fatalf("the program cannot be traced: %v, %v", status, err)
	}
	if err := syscall.PtraceSetOptions(leader, syscall.PTRACE_O_TRACECLONE|traceSysGood|traceExitKill); err != nil {
		t.Fatal(err)
	}
	_ = syscall.PtraceSyscall(leader, 0) // as below
	known := map[int]bool{leader: true}
	for writes := 0; ; {
		thread, err := syscall.Wait4(-1, &status, waitAll|waitNoThread, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if status.Exited() || status.Signaled() {
			if thread == leader {
				return status.Signaled()
			}
			continue
		}
		deliver := 0
		switch signal := status.StopSignal(); {
		case signal == syscallStop:
			if writesInto(thread, leader, folder) {
				if writes++; writes == n {
					if err := syscall.Kill(leader, syscall.SIGKILL); err != nil {
						t.Fatal(err)
					}
				}
			}
		case signal == syscall.SIGTRAP && status.TrapCause() > 0: // it made a thread
		case signal == syscall.SIGSTOP && !known[thread]: // it is one that was made
		default:
			deliver = int(signal)
		}
		known[thread] = true
		_ = syscall.PtraceSyscall(thread, deliver) // one that was killed meanwhile is told of by Wait4
	}
}

// writesInto reports whether a thread that has stopped is about to change a file in a folder, or to have it brought to the disk.
func writesInto(thread, leader int, folder string) bool {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(thread, &regs); err != nil || int64(regs.Rax) != noSyscallResult {
		return false
	}
	switch regs.Orig_rax {
	case syscall.SYS_RENAME, syscall.SYS_RENAMEAT, syscall.SYS_UNLINK, syscall.SYS_UNLINKAT:
		return true
	case syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_FTRUNCATE, syscall.SYS_FDATASYNC, syscall.SYS_FSYNC:
		file, err := os.Readlink(filepath.Join("/proc", fmt.Sprint(leader), "fd", fmt.Sprint(regs.Rdi)))
		return err == nil && strings.HasPrefix(file, folder)
	}
	return false
}
