import Quern

/// Pictures drawn with characters. A line of text holds two rows of pixels, as upper and lower half
/// blocks.
enum TerminalPicture {
  /// How greys are shown.
  enum Shading {
    /// By the 24 greys among a terminal's 256 colours, with escape sequences.
    case colours
    /// By characters alone: five blocks from light to dark.
    case blocks

    /// Escape sequences only where a person looks: they would be rubbish in a file.
    static var standard: Self { Terminal.isInteractive ? .colours : .blocks }
  }

  /// Lines for a grey picture.
  ///
  /// - Parameters:
  ///   - values: the pixels, row after row.
  ///   - height: rows.
  ///   - width: pixels in a row.
  ///   - range: the values of black and of white.
  ///   - shading: how greys are shown.
  static func lines(
    _ values: [Float], height: Int, width: Int, range: ClosedRange<Float>,
    shading: Shading = .standard
  ) -> [String] {
    func level(_ y: Int, _ x: Int) -> Float {
      guard y < height else { return 0 }
      let span = range.upperBound - range.lowerBound
      guard span > 0 else { return 0 }
      return min(max((values[y * width + x] - range.lowerBound) / span, 0), 1)
    }
    return stride(from: 0, to: height, by: 2).map { y in
      var line = ""
      for x in 0..<width {
        let (upper, lower) = (level(y, x), level(y + 1, x))
        switch shading {
        case .colours:
          // 232 … 255 are 24 greys from black to white.
          let (over, under) = (232 + Int(upper * 23), 232 + Int(lower * 23))
          line += "\u{1b}[38;5;\(over);48;5;\(under)m▀"
        case .blocks: line += block((upper + lower) / 2)
        }
      }
      return shading == .colours ? line + "\u{1b}[0m" : line
    }
  }

  private static func block(_ level: Float) -> String {
    let blocks = [" ", "░", "▒", "▓", "█"]
    return blocks[min(Int(level * Float(blocks.count)), blocks.count - 1)]
  }

  /// Lines for a picture in colour or grey, for a terminal.
  ///
  /// Colours have 24 bits where the environment says that the terminal shows them (`COLORTERM`).
  /// Elsewhere they are the 6×6×6 colours that nearly all terminals have.
  static func lines(_ picture: Picture) -> [String] {
    let isTrueColour = Terminal.hasTrueColour
    let bytes = picture.inColour.bytes
    func code(_ y: Int, _ x: Int) -> String {
      let start = (y * picture.width + x) * 3
      let parts = bytes[start..<start + 3].map(Int.init)
      if isTrueColour { return "2;\(parts[0]);\(parts[1]);\(parts[2])" }
      let cube = parts.map { ($0 * 5 + 127) / 255 }
      return "5;\(16 + 36 * cube[0] + 6 * cube[1] + cube[2])"
    }
    return stride(from: 0, to: picture.height, by: 2).map { y in
      let line = (0..<picture.width).map { x in
        let lower = y + 1 < picture.height ? ";48;" + code(y + 1, x) : ";49"
        return "\u{1b}[38;" + code(y, x) + lower + "m▀"
      }
      return line.joined() + "\u{1b}[0m"
    }
  }
}
