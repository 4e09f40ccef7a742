#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Folders that are made, and tried, before an hour's work and not after it.
enum Folders {
  /// Makes a folder, and those it lies in, where they are not there; sees that files can be made in
  /// it.
  ///
  /// - Parameter option: what the message begins with.
  /// - Throws: ``Failure`` where a part of the path is a file, or the system refuses.
  static func make(_ path: String, option: String) throws {
    guard !path.isEmpty else { throw Failure("\(option): the path is empty; name a folder") }
    let slashes = path.indices.dropFirst().filter { path[$0] == "/" }
    for end in slashes + [path.endIndex] {
      let part = String(path[..<end])
      if mkdir(part, 0o777) == 0 { continue }
      let reason = errno
      var status = stat()
      if stat(part, &status) == 0 {
        guard status.st_mode & S_IFMT == S_IFDIR else {
          throw Failure(
            "\(option) \(path): \(part == path ? "it" : part) is a file; name a folder, which is "
              + "made if it is not there")
        }
        continue
      }
      throw Failure(
        "\(option) \(path): the folder \(part == path ? "" : part + " ")cannot be made "
          + "(\(String(cString: strerror(reason)))); choose a place that you may write to")
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw Failure(
        "\(option) \(path): no file can be made in it (\(String(cString: strerror(errno)))); choose "
          + "a folder that you may write to")
    }
  }

  /// Without slashes at the end.
  static func plain(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  static func holds(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
