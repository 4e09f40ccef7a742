import QuernErrors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The text of the system's error number.
func systemMessage(_ number: Int32) -> String { String(cString: strerror(number)) }

/// What kind of thing lies at a path.
enum PathKind: Equatable {
  case nothing
  case file
  case directory
  case special

  init(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      self = .nothing
      return
    }
    self.init(status)
  }

  init(_ status: stat) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: self = .file
    case S_IFDIR: self = .directory
    default: self = .special
    }
  }
}

/// An open regular file, closed when it goes.
package struct SystemFile: ~Copyable {
  let path: String
  let size: Int
  private let descriptor: Int32

  /// Opens for reading.
  /// - Throws: `QuernError` if there is none, if it is not a regular file, or not readable.
  init(reading path: String) throws {
    // O_NONBLOCK: opening a pipe without a writer would wait for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 {
      let number = errno
      if number == ENOENT || number == ENOTDIR {
        throw QuernError(
          .missing, in: path, found: "there is no such file", expected: "a readable file",
          remedy: "Check the path.")
      }
      throw QuernError(
        .unreadable, in: path, found: "cannot be opened (\(systemMessage(number)))",
        expected: "a readable file", remedy: "Check its permissions.")
    }
    var status = stat()
    let failed = fstat(descriptor, &status) != 0
    let kind = PathKind(status)
    guard !failed, kind == .file else {
      close(descriptor)
      throw QuernError(
        .notAFile, in: path,
        found: kind == .directory ? "is a folder" : "is a device or a pipe",
        expected: "a regular file",
        remedy: kind == .directory ? "Name a file in it." : "Copy the contents to a file first.")
    }
    self.path = path
    self.size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Reads what there is, at most as much as fits; 0 at the end of the file.
  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      #if canImport(Glibc)
        let count = Glibc.read(descriptor, target.baseAddress, target.count)
      #elseif canImport(Musl)
        let count = Musl.read(descriptor, target.baseAddress, target.count)
      #else
        let count = Darwin.read(descriptor, target.baseAddress, target.count)
      #endif
      if count >= 0 { return count }
      let number = errno
      if number == EINTR { continue }
      throw QuernError(
        .unreadable, in: path, found: "reading failed (\(systemMessage(number)))",
        expected: "a readable file")
    }
  }

  /// The whole file as memory, to be given back with `munmap`; nil where the system does not do that.
  func map() -> UnsafeRawBufferPointer? {
    guard size > 0 else { return nil }
    let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let start, start != MAP_FAILED else { return nil }
    // Asked for as one: left to itself, each page would be a fault of its own.
    madvise(start, size, MADV_WILLNEED)
    return UnsafeRawBufferPointer(start: start, count: size)
  }

  /// The whole contents of a file.
  /// - Throws: `QuernError` if there is none, if it is not a regular file, or not readable.
  package static func contents(of path: String) throws -> [UInt8] {
    let file = try SystemFile(reading: path)
    return try bytesInLargePages(file.size) { target in
      var count = 0
      while count < target.count {
        let got = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: target[count...]))
        if got == 0 { break }
        count += got
      }
      return count
    }
  }
}
