#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A folder for the body's files, gone afterwards.
///
/// - Throws: what the body throws; `TemporaryFolderError` where there is no room for a folder.
package func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  var template = Array("/tmp/quern-tests-XXXXXX".utf8CString)
  guard let path = mkdtemp(&template).map({ String(cString: $0) }) else {
    throw TemporaryFolderError()
  }
  defer {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { unlink(path + "/" + name) }
      }
      closedir(folder)
    }
    rmdir(path)
  }
  return try body(path)
}

package struct TemporaryFolderError: Error {}
