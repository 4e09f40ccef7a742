#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A program that runs beside this one, in silence: it reads nothing, and what it says goes into a file.
///
/// Foundation's own would bring all of Foundation, which takes milliseconds to load at each start.
struct ChildProcess {
  private let number: pid_t

  /// Starts a program in this one's environment.
  ///
  /// - Parameters:
  ///   - program: its path.
  ///   - errorFile: where what it writes to its standard error goes.
  /// - Returns: nil where the system does not start it.
  init?(_ program: String, _ arguments: [String], errorFile: String) {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    guard posix_spawn_file_actions_init(&actions) == 0 else { return nil }
    defer { posix_spawn_file_actions_destroy(&actions) }
    let silence = "/dev/null"
    guard posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, silence, O_RDONLY, 0) == 0,
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, silence, O_WRONLY, 0) == 0,
      posix_spawn_file_actions_addopen(
        &actions, STDERR_FILENO, errorFile, O_WRONLY | O_CREAT | O_TRUNC, 0o600) == 0
    else { return nil }
    let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
    var number: pid_t = 0
    let result = Self.withCStrings([program] + arguments) { arguments in
      Self.withCStrings(environment) { environment in
        posix_spawn(&number, program, &actions, nil, arguments, environment)
      }
    }
    guard result == 0 else { return nil }
    self.number = number
  }

  /// Waits for its end, and says whether it exited with status 0.
  func succeeds() -> Bool {
    var status: Int32 = 0
    while waitpid(number, &status, 0) < 0 {
      guard errno == EINTR else { return false }
    }
    // Exited by itself, with 0.
    return status == 0
  }

  /// The strings as C has them, and a null pointer at their end.
  private static func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    let pointers = strings.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
  }
}
