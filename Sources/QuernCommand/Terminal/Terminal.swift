#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the command needs to know of where its output goes.
enum Terminal {
  /// Whether a person looks at standard output.
  static var isInteractive: Bool { isatty(1) == 1 }

  /// Columns of the terminal; 80 where it does not say.
  static var width: Int {
    var size = winsize()
    guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Whether it shows 24-bit colours, as far as the environment tells.
  static var hasTrueColour: Bool {
    guard let value = getenv("COLORTERM") else { return false }
    return ["truecolor", "24bit"].contains(String(cString: value))
  }

  /// Text as it is, at once.
  static func write(_ text: String) { write(text, to: 1) }

  /// What was printed is there, even if the process ends otherwise than it should.
  static func flush() { fflush(nil) }

  /// Makes the process fail where not all that was printed has been written: on a full disk, say.
  static func checkOutputAtExit() {
    atexit {
      // A pipe that no one reads any more has been seen to.
      if fflush(nil) == 0 || Interrupt.isBrokenPipe { return }
      Terminal.complain("quern: the standard output cannot be written; what is there is not all")
      _exit(EXIT_FAILURE)
    }
  }

  /// A line to standard error.
  static func complain(_ line: String) { write(line + "\n", to: 2) }

  private static func write(_ text: String, to descriptor: Int32) {
    fflush(nil)
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { writeSome(descriptor, $0) }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }

  private static func writeSome(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }
}
