// The C that generated code rests on.
#pragma once
