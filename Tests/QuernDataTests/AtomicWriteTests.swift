import QuernData
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct AtomicWriteTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func writesANewFile() throws {
    try atomicWrite([1, 2, 3], to: folder.file("new"))
    #expect(try contents(of: folder.file("new")) == [1, 2, 3])
    #expect(folder.names == ["new"])
  }

  @Test func replacesAndKeepsPermissions() throws {
    let path = try folder.write([9], "old")
    chmod(path, 0o640)
    try atomicWrite([1, 2], to: path)
    #expect(try contents(of: path) == [1, 2])
    var status = stat()
    stat(path, &status)
    #expect(status.st_mode & 0o777 == 0o640)
    #expect(folder.names == ["old"])
  }

  @Test func followsASymbolicLink() throws {
    let path = try folder.write([9], "real")
    symlink("real", folder.file("link"))
    try atomicWrite([1], to: folder.file("link"))
    #expect(try contents(of: path) == [1])
    var status = stat()
    lstat(folder.file("link"), &status)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func anInterruptedCallGoesOn() throws {
    var calls = WriteCalls.system
    let write = calls.write
    var count = 0
    // Every other call is interrupted, the others write one byte.
    calls.write = { descriptor, bytes, _ in
      count += 1
      if count.isMultiple(of: 2) { return write(descriptor, bytes, 1) }
      errno = EINTR
      return -1
    }
    let path = folder.file("slow")
    try AtomicWriter(path: path, calls: calls).write { write in
      try [UInt8](0..<9).withUnsafeBytes(write)
    }
    #expect(try contents(of: path) == [UInt8](0..<9))
  }

  /// Each of the calls fails in turn: the old file is whole, nothing else is left behind.
  @Test(arguments: ["write", "second write", "sync", "rename"])
  func theOldFileSurvives(failing: String) throws {
    let path = try folder.write([4, 5, 6], "weights")
    var calls = WriteCalls.system
    let write = calls.write
    var count = 0
    switch failing {
    case "write", "second write":
      calls.write = { descriptor, bytes, size in
        count += 1
        if failing == "second write" && count == 1 { return write(descriptor, bytes, 1) }
        errno = ENOSPC
        return -1
      }
    case "sync":
      calls.sync = { _ in
        errno = ENOSPC
        return -1
      }
    default:
      calls.rename = { _, _ in
        errno = ENOSPC
        return -1
      }
    }
    expectError(.unwritable, path, "No space left", "Free some space") {
      try AtomicWriter(path: path, calls: calls).write { write in
        try [UInt8](0..<9).withUnsafeBytes(write)
      }
    }
    #expect(try contents(of: path) == [4, 5, 6])
    #expect(folder.names == ["weights"])
  }

  @Test func theOldFileSurvivesAFaultOfTheCaller() throws {
    struct Fault: Error {}
    let path = try folder.write([4, 5, 6], "weights")
    #expect(throws: Fault.self) {
      try atomicWrite(to: path) { write in
        try [1, 2].withUnsafeBytes(write)
        throw Fault()
      }
    }
    #expect(try contents(of: path) == [4, 5, 6])
    #expect(folder.names == ["weights"])
  }

  @Test func fullDevice() {
    expectError(.unwritable, "/dev/full", "No space left") {
      try atomicWrite([1], to: "/dev/full")
    }
    // The device itself is still there.
    var status = stat()
    stat("/dev/full", &status)
    #expect(status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func aDeviceIsWrittenTo() throws { try atomicWrite([1], to: "/dev/null") }

  @Test func missingFolder() {
    let path = folder.file("none/weights")
    expectError(.unwritable, path, "mkdir -p") { try atomicWrite([1], to: path) }
  }

  @Test func fileInsteadOfFolder() throws {
    let path = try folder.write([], "file") + "/weights"
    expectError(.unwritable, path, "is a file") { try atomicWrite([1], to: path) }
  }

  @Test func folderInsteadOfFile() {
    expectError(.unwritable, folder.path, "is a folder") { try atomicWrite([1], to: folder.path) }
  }

  @Test func noName() {
    expectError(.unwritable, "names no file") { try atomicWrite([1], to: "") }
  }

  @Test func unwritableFolder() throws {
    // For the superuser no folder of ours is unwritable, but /proc is.
    let path = geteuid() == 0 ? "/proc/weights" : folder.file("weights")
    if geteuid() != 0 { chmod(folder.path, 0o555) }
    expectError(.unwritable, path, "no file can be made") { try atomicWrite([1], to: path) }
    chmod(folder.path, 0o755)
    #expect(folder.names == [])
  }
}
