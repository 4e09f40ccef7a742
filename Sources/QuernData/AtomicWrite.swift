import QuernErrors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Hands bytes on to the file that is being written.
package typealias ByteSink = (UnsafeRawBufferPointer) throws -> Void

/// Writes `bytes` to `path` so that, whatever happens, either the old file or the new one is there,
/// whole. See ``atomicWrite(to:body:)``.
package func atomicWrite(_ bytes: [UInt8], to path: String) throws {
  try atomicWrite(to: path) { write in try bytes.withUnsafeBytes(write) }
}

/// Writes a file piece by piece so that, whatever happens, either the old file or the new one is
/// there, whole: into a temporary file in the same folder, which is synced and then renamed over
/// `path`; then the folder is synced. The new file has the old one's permissions.
///
/// A symbolic link is followed. A device or a pipe (`/dev/stdout`) cannot be replaced: it is
/// written to directly.
/// - Parameters:
///   - path: the file to write.
///   - body: writes the contents, by calling its argument as often as it likes.
/// - Throws: `QuernError` if the system refuses, or what `body` throws. The old file, if there was
///   one, is untouched then, and the temporary file is gone. (Should only the last step fail, the
///   syncing of the folder, the new file is in place, but might not survive a power failure.)
package func atomicWrite(to path: String, body: (ByteSink) throws -> Void) throws {
  try AtomicWriter(path: path, calls: .system).write(body)
}

/// The system calls that can fail for want of space or of health, so that tests can make them fail.
package struct WriteCalls {
  package var write: (Int32, UnsafeRawPointer, Int) -> Int
  package var sync: (Int32) -> Int32
  package var rename: (String, String) -> Int32

  package static var system: WriteCalls {
    #if canImport(Glibc)
      WriteCalls(write: Glibc.write, sync: fsync, rename: { Glibc.rename($0, $1) })
    #elseif canImport(Musl)
      WriteCalls(write: Musl.write, sync: fsync, rename: { Musl.rename($0, $1) })
    #else
      WriteCalls(write: Darwin.write, sync: fsync, rename: { Darwin.rename($0, $1) })
    #endif
  }
}

package struct AtomicWriter {
  let path: String
  let calls: WriteCalls

  package init(path: String, calls: WriteCalls) {
    self.path = path
    self.calls = calls
  }

  package func write(_ body: (ByteSink) throws -> Void) throws {
    let target = Self.resolved(path)
    switch PathKind(target) {
    case .special:
      let descriptor = open(target, O_WRONLY | O_CLOEXEC)
      if descriptor < 0 { throw failure("cannot be opened", errno) }
      try fill(descriptor, body)
    case .directory:
      throw QuernError(
        .unwritable, in: path, found: "is a folder", expected: "a file to write",
        remedy: "Name a file in it.")
    case .file, .nothing:
      let (folder, name) = Self.split(target)
      guard !name.isEmpty else {
        throw QuernError(
          .unwritable, in: path.isEmpty ? "an empty path" : path, found: "names no file",
          expected: "a file to write")
      }
      try replace(target, folder: folder, body)
    }
  }

  /// What the names of temporary files begin with.
  static let temporaryPrefix = ".quern-"

  private func replace(
    _ target: String, folder: String, _ body: (ByteSink) throws -> Void
  ) throws {
    let (temporary, descriptor) = Self.makeTemporary(in: folder)
    if descriptor < 0 { throw failure("no file can be made in its folder", errno) }
    // Gone with the process, however it ends: tells `removeLeftovers` whether somebody writes.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    do {
      var status = stat()
      if stat(target, &status) == 0 { fchmod(descriptor, status.st_mode & 0o7777) }
      try fill(descriptor, body)
      if calls.rename(temporary, target) != 0 { throw failure("cannot be replaced", errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    try syncFolder(folder)
  }

  /// A new file; a negative descriptor where there can be none, and `errno` says why.
  private static func makeTemporary(in folder: String) -> (path: String, descriptor: Int32) {
    let suffix = String(UInt64.random(in: 0 ... .max), radix: 36)
    let path = "\(folder)/\(temporaryPrefix)\(getpid())-\(suffix)"
    return (path, open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666))
  }

  /// Whether a file can be made in a folder: some take none from those who may write to them, as `/proc`,
  /// or a disk without room for another. If not, `errno` says why.
  package static func canMakeFile(in folder: String) -> Bool {
    let (path, descriptor) = makeTemporary(in: folder)
    guard descriptor >= 0 else { return false }
    unlink(path)
    close(descriptor)
    return true
  }

  /// Writes, syncs and closes.
  private func fill(_ descriptor: Int32, _ body: (ByteSink) throws -> Void) throws {
    do {
      try body { try writeAll($0, to: descriptor) }
      // Devices and pipes cannot be synced, which is no failure.
      if calls.sync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS {
        throw failure("syncing failed", errno)
      }
    } catch {
      close(descriptor)
      throw error
    }
    // Some file systems report a full disk only here. (Linux closes even when interrupted.)
    if close(descriptor) != 0, errno != EINTR { throw failure("closing failed", errno) }
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
    guard let base = bytes.baseAddress else { return }
    var done = 0
    while done < bytes.count {
      let count = calls.write(descriptor, base + done, bytes.count - done)
      if count > 0 {
        done += count
      } else if count == 0 {
        throw failure("writing failed", ENOSPC)
      } else if errno != EINTR {
        throw failure("writing failed", errno)
      }
    }
  }

  private func syncFolder(_ folder: String) throws {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A folder that may be written but not read cannot be synced: the file is in place all the same.
    if descriptor < 0 { return }
    defer { close(descriptor) }
    if calls.sync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP {
      throw failure("written, but syncing its folder failed", errno)
    }
  }

  private func failure(_ what: String, _ number: Int32) -> QuernError {
    let remedy =
      switch number {
      case ENOSPC, EDQUOT: "Free some space, or write elsewhere."
      case EACCES, EPERM, EROFS: "Choose a folder that you may write to."
      case ENOENT: "Make the folder first: mkdir -p."
      case ENOTDIR: "A part of the path is a file, not a folder: check the path."
      default: ""
      }
    return QuernError(
      .unwritable, in: path, found: "\(what) (\(systemMessage(number)))",
      expected: "to be able to write it", remedy: remedy)
  }

  /// The file that a symbolic link points to, the path itself if it is none.
  package static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  /// A path's folder, `.` where it names none, and what it names in it.
  package static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = String(path[..<slash])
    return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
  }
}
