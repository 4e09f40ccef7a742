import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ctrl-C as a request: the first asks to stop after the present step, a second one kills.
enum Interrupt {
  private static let flag = Atomic<Bool>(false)
  private static let pipe = Atomic<Bool>(false)

  static var isRequested: Bool { flag.load(ordering: .relaxed) }
  /// Whether what reads the standard output has gone away.
  static var isBrokenPipe: Bool { pipe.load(ordering: .relaxed) }

  /// From here on the first Ctrl-C only sets the flag, as do SIGTERM, a terminal that is closed, and a
  /// pipe that no one reads any more: what has been trained can be saved.
  static func install() {
    // Made before a signal can come: a handler must not be the first to touch a lazy global.
    flag.store(false, ordering: .relaxed)
    pipe.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        Interrupt.flag.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
    // Comes again with all that is printed afterwards.
    signal(SIGPIPE) { _ in
      Interrupt.pipe.store(true, ordering: .relaxed)
      Interrupt.flag.store(true, ordering: .relaxed)
    }
  }
}
