import QuernData
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a process that was killed while it wrote leaves behind.
@Suite struct LeftoversTests {
  private func age(_ path: String, seconds: Int) {
    var times = [timeval(tv_sec: time(nil) - seconds, tv_usec: 0)]
    times.append(times[0])
    #expect(utimes(path, times) == 0)
  }

  @Test func onlyWhatNobodyWritesIsRemoved() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], "run")
    age(try folder.write([1], ".quern-1-old"), seconds: 60)
    _ = try folder.write([1], ".quern-2-new")
    age(try folder.write([1], ".other-old"), seconds: 60)
    let held = try folder.write([1], ".quern-3-held")
    age(held, seconds: 60)
    age(path, seconds: 60)
    let descriptor = open(held, O_RDONLY)
    #expect(flock(descriptor, LOCK_EX) == 0)
    removeLeftovers(besides: path)
    #expect(folder.names == [".other-old", ".quern-2-new", ".quern-3-held", "run"])
    close(descriptor)
    removeLeftovers(besides: path)
    #expect(folder.names == [".other-old", ".quern-2-new", "run"])
  }

  /// A write that takes its time is not taken for a leftover.
  @Test func aWriteInProgressIsHeld() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("run")
    try atomicWrite(to: path) { write in
      try [UInt8](0..<9).withUnsafeBytes(write)
      let name = try #require(folder.names.first { $0.hasPrefix(".quern-") })
      age(folder.file(name), seconds: 60)
      removeLeftovers(besides: path)
      #expect(folder.names == [name])
    }
    #expect(folder.names == ["run"])
  }

  @Test func aFolderThatIsNotThere() { removeLeftovers(besides: "/no/such/folder/run") }
}
