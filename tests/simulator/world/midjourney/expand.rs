//! Permutations: `{a, b}` in a prompt stands for several prompts.

/// So many prompts may come out of one.
pub(super) const LIMIT: usize = 40;

/// The prompts that one stands for, in order; `None` when they are too many.
pub(super) fn permutations(prompt: &str) -> Option<Vec<String>> {
    let Some((before, choices, after)) = first_group(prompt) else {
        return Some(vec![
            prompt
                .replace("\\,", ",")
                .replace("\\{", "{")
                .replace("\\}", "}"),
        ]);
    };
    let mut all = Vec::new();
    for choice in choices {
        all.extend(permutations(&format!("{before}{choice}{after}"))?);
        if all.len() > LIMIT {
            return None;
        }
    }
    Some(all)
}

/// The first pair of braces: what stands before it, the choices between, what stands behind.
fn first_group(prompt: &str) -> Option<(&str, Vec<&str>, &str)> {
    let mut escaped = false;
    let mut depth = 0_usize;
    let mut open = 0;
    let mut starts = Vec::new();
    for (at, letter) in prompt.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => {
                if depth == 0 {
                    open = at;
                    starts = vec![at + 1];
                }
                depth += 1;
            }
            ',' if depth == 1 => starts.push(at + 1),
            '}' if depth == 1 => {
                let ends = starts.iter().skip(1).map(|start| start - 1).chain([at]);
                let choices = starts.iter().zip(ends);
                let choices = choices.map(|(from, to)| prompt[*from..to].trim());
                return Some((&prompt[..open], choices.collect(), &prompt[at + 1..]));
            }
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_combination_is_one_prompt() {
        let all = permutations("a {red, green} {cat, dog {old, young}} --ar {1:1, 3:2}").unwrap();
        assert_eq!(all.len(), 12);
        assert_eq!(all[0], "a red cat --ar 1:1");
        assert_eq!(all[11], "a green dog young --ar 3:2");
    }

    #[test]
    fn escapes_and_lone_braces_stay() {
        assert_eq!(
            permutations("a {red\\, green, blue} cat").unwrap(),
            ["a red, green cat", "a blue cat"]
        );
        assert_eq!(permutations("a } cat {").unwrap(), ["a } cat {"]);
    }

    #[test]
    fn too_many_are_refused() {
        assert_eq!(permutations(&"{a,b,c} ".repeat(4)), None);
    }
}
