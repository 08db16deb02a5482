extension Shell {
    /// The script that a shell loads at its start. It starts no process before the user asks for candidates.
    var script: String {
        switch self {
        case .bash: Self.bashScript
        case .zsh: Self.zshScript
        case .fish: Self.fishScript
        }
    }

    private static let bashScript = #"""
        # Completions of hypero-query for bash. Load it with: source <(hypero-query completions bash)
        _hypero_query() {
            local line rest program=${COMP_WORDS[0]}
            if [[ $program == "~/"* ]]; then program=$HOME/${program:2}; fi
            COMPREPLY=()
            while IFS= read -r line; do
                rest=${line#*$'\t'}
                if [[ $rest == *$'\t'nospace ]]; then compopt -o nospace 2>/dev/null; fi
                COMPREPLY+=("${line%%$'\t'*}")
            done < <("$program" complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
        }
        complete -o nosort -F _hypero_query hypero-query
        """#

    private static let zshScript = #"""
        #compdef hypero-query
        # Completions of hypero-query for zsh. Load it with: source <(hypero-query completions zsh)
        _hypero_query() {
            local line value rest program=${(Q)words[1]}
            local -a words_left spaced spaced_text open open_text other other_text
            if [[ $program == "~/"* ]]; then program=$HOME/${program#"~/"}; fi
            words_left=("${(@)words[1,CURRENT-1]}")
            while IFS= read -r line; do
                value=${line%%$'\t'*}
                rest=${line#*$'\t'}
                if [[ $rest == *$'\t'other ]]; then
                    other+=("$value")
                    other_text+=("$value  ${rest%$'\t'*}")
                elif [[ $rest == *$'\t'nospace ]]; then
                    open+=("$value")
                    open_text+=("$value  ${rest%$'\t'*}")
                else
                    spaced+=("$value")
                    spaced_text+=("$value  $rest")
                fi
            done < <("$program" complete zsh "${(j: :)words_left} ${compstate[all_quotes]}$PREFIX" 2>/dev/null)
            if (( $#spaced )); then compadd -l -V hypero -d spaced_text -a spaced; fi
            if (( $#open )); then compadd -l -V hypero -S '' -d open_text -a open; fi
            # Names in backticks, whose beginning was typed without them.
            if (( $#other )); then compadd -U -l -V hypero -S '' -d other_text -a other; fi
        }
        if (( $+functions[compdef] )); then compdef _hypero_query hypero-query; fi
        """#

    private static let fishScript = #"""
        # Completions of hypero-query for fish. Load it with: hypero-query completions fish | source
        complete -c hypero-query -f -k -a '(hypero-query complete fish (commandline -cp | string collect) 2>/dev/null)'
        """#
}
