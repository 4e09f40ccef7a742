#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Checks that are better made before an hour's work than after it.
enum Files {
  /// - Throws: ``Failure`` where no file can be written at the path.
  static func checkWritable(_ path: String) throws {
    var status = stat()
    if stat(path, &status) == 0 {
      let kind = status.st_mode & S_IFMT
      if kind == S_IFDIR {
        throw Failure("\(path): is a folder; name a file in it")
      }
      if kind != S_IFREG, access(path, W_OK) == 0 { return }
    }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard access(folder, W_OK | X_OK) == 0 else {
      throw Failure(
        "\(path): cannot be written (\(String(cString: strerror(errno)))); choose a folder that "
          + "is there and that you may write to")
    }
  }
}
