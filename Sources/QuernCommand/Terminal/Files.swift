import Quern

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
    guard !path.isEmpty else { throw Failure("a file to write has an empty name; give one") }
    var status = stat()
    if stat(path, &status) == 0 {
      let kind = status.st_mode & S_IFMT
      if kind == S_IFDIR {
        throw Failure("\(path): is a folder; name a file in it")
      }
      if kind != S_IFREG, access(path, W_OK) == 0 { return }
    }
    // A link is followed: the file is made where it leads to.
    let folder = AtomicWriter.split(AtomicWriter.resolved(path)).folder
    guard access(folder, W_OK | X_OK) == 0, AtomicWriter.canMakeFile(in: folder) else {
      throw Failure(
        "\(path): cannot be written (\(String(cString: strerror(errno)))); choose a folder that "
          + "is there and that you may write to")
    }
  }

  /// - Throws: ``Failure`` where two options name one file.
  static func checkDistinct(_ files: [(option: String, path: String?)]) throws {
    var known: [(option: String, path: String, place: String)] = []
    for case (let option, let path?) in files {
      let place = place(path)
      // Devices and pipes take from everyone.
      if place.hasPrefix("/dev/") { continue }
      if let other = known.first(where: { $0.place == place }) {
        throw Failure(
          "\(path): is the file of \(other.option) and of \(option), and one would be lost; name "
            + "another for one of them")
      }
      known.append((option, path, place))
    }
  }

  /// Where a file lies or would lie, with links followed.
  static func place(_ path: String) -> String {
    if access(path, F_OK) == 0 { return AtomicWriter.resolved(path) }
    let (folder, name) = AtomicWriter.split(path)
    return AtomicWriter.resolved(folder) + "/" + name
  }
}
