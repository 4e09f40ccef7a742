#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Removes what processes that were killed while they wrote have left in the folder of `path`: the
/// temporary files of ``atomicWrite(to:body:)``.
///
/// A file that is being written is locked by its writer, and new for the moment before. Whatever
/// cannot be removed stays; it does no harm but take up space.
package func removeLeftovers(besides path: String) {
  let (folder, _) = AtomicWriter.split(AtomicWriter.resolved(path))
  guard let listing = opendir(folder) else { return }
  var names: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name.hasPrefix(AtomicWriter.temporaryPrefix) { names.append(name) }
  }
  closedir(listing)
  for name in names { removeIfAbandoned("\(folder)/\(name)") }
}

private func removeIfAbandoned(_ path: String) {
  let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
  if descriptor < 0 { return }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0, PathKind(status) == .file,
    time(nil) - modificationTime(status) >= 10,
    flock(descriptor, LOCK_EX | LOCK_NB) == 0
  else { return }
  unlink(path)
}

private func modificationTime(_ status: stat) -> time_t {
  #if canImport(Darwin)
    status.st_mtimespec.tv_sec
  #else
    status.st_mtim.tv_sec
  #endif
}
