#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Pages of our own for code: written first, then executable, at the end never both.
struct CodePages: Sendable {
  private let address: UInt
  private let size: Int

  /// Fresh pages that can be written.
  ///
  /// - Throws: `CompileError.system` where the system has none to give.
  init(size: Int) throws {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    self.size = max(page, (size + page - 1) / page * page)
    let start = mmap(
      nil, self.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let start, start != MAP_FAILED else {
      throw CompileError.system(
        "no memory for \(self.size) bytes of code: \(String(cString: strerror(errno)))")
    }
    address = UInt(bitPattern: start)
  }

  var start: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: address) }

  /// From now on the pages can be read and executed, not written.
  ///
  /// - Throws: `CompileError.system` where the system forbids new code.
  func makeExecutable() throws {
    guard mprotect(start, size, PROT_READ | PROT_EXEC) == 0 else {
      throw CompileError.system(
        "the system does not let new code be executed: \(String(cString: strerror(errno)))")
    }
  }

  func contains(_ pointer: UnsafeRawPointer) -> Bool {
    let value = UInt(bitPattern: pointer)
    return value >= address && value < address + UInt(size)
  }

  func unmap() { munmap(start, size) }
}
