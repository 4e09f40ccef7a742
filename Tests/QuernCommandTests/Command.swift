import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a run of the command came to.
struct CommandResult {
  var status: Int32
  var output: String
  var errors: String
  var errorLines: [Substring] { errors.split(separator: "\n") }
}

/// Runs the built `quern`, which lies beside the tests.
///
/// - Parameter whileRunning: given the process, as soon as its output has begun.
func quern(
  _ arguments: [String], whileRunning: ((pid_t) -> Void)? = nil
) throws -> CommandResult {
  let executable = try builtCommand()
  var out: [Int32] = [0, 0]
  var err: [Int32] = [0, 0]
  try #require(pipe(&out) == 0 && pipe(&err) == 0)
  // Other children, of which tests start several at a time, should not hold them open.
  for descriptor in out + err { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
  var process: pid_t = 0
  let failure = start(executable, arguments, output: out[1], errors: err[1], as: &process)
  close(out[1])
  close(err[1])
  try #require(failure == 0, "\(executable): \(String(cString: strerror(failure)))")

  let texts = readToEnd(out[0], err[0]) { whileRunning?(process) }
  var status: Int32 = 0
  while waitpid(process, &status, 0) < 0, errno == EINTR {}
  let signal = status & 0x7f
  return CommandResult(
    status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
    output: String(decoding: texts[0], as: UTF8.self),
    errors: String(decoding: texts[1], as: UTF8.self))
}

private func builtCommand() throws -> String {
  let test = CommandLine.arguments[0]
  let place = test.lastIndex(of: "/").map { String(test[...$0]) } ?? "./"
  let absolute = place.hasPrefix("/") ? place : currentFolder() + "/" + place
  let executable = absolute + "quern"
  try #require(access(executable, X_OK) == 0, "\(executable) is not there")
  return executable
}

/// - Returns: 0, or the number of the error.
private func start(
  _ executable: String, _ arguments: [String], output: Int32, errors: Int32,
  as process: inout pid_t
) -> Int32 {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_adddup2(&actions, output, 1)
  posix_spawn_file_actions_adddup2(&actions, errors, 2)
  // The test's thread may block signals; the command should not begin so.
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var none = sigset_t()
  sigemptyset(&none)
  posix_spawnattr_setsigmask(&attributes, &none)
  posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
  var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
  defer { for pointer in argv { free(pointer) } }
  return posix_spawn(&process, executable, &actions, &attributes, &argv, environ)
}

/// All that comes through two pipes, which it closes.
///
/// - Parameter onBeginning: called once, as soon as anything has come.
private func readToEnd(_ out: Int32, _ err: Int32, onBeginning: () -> Void) -> [[UInt8]] {
  var texts: [[UInt8]] = [[], []]
  var open = [out, err]
  var hasBegun = false
  while open.contains(where: { $0 >= 0 }) {
    var polls = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    poll(&polls, 2, -1)
    for stream in 0..<2 where open[stream] >= 0 && polls[stream].revents != 0 {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(open[stream], &buffer, buffer.count)
      if count > 0 {
        texts[stream] += buffer[..<count]
        if !hasBegun { onBeginning() }
        hasBegun = true
      } else if !(count < 0 && errno == EINTR) {
        close(open[stream])
        open[stream] = -1
      }
    }
  }
  return texts
}

private func currentFolder() -> String {
  guard let path = getcwd(nil, 0) else { return "." }
  defer { free(path) }
  return String(cString: path)
}

func write(_ bytes: [UInt8], to path: String) throws {
  let file = try #require(fopen(path, "w"))
  defer { fclose(file) }
  #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}
